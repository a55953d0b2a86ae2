-- What was allowed of each of the guardian's own pupils in the group list, at full access.
SELECT
    p.school_id,
    a.guardian_id,
    p.id,
    p.pupil_id,
    p.category,
    p.is_allowed,
    p.given_on,
    p.first_shown_at,
    p.changed_at,
    p.news_at
FROM privacy_preferences AS p
JOIN portal_access AS a ON a.school_id = p.school_id AND a.pupil_id = p.pupil_id AND a.level = 'full'
JOIN portal_modules AS m ON m.school_id = p.school_id AND m.module = 'groep'

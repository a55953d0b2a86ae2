-- Absences and late arrivals, at full access.
SELECT
    b.school_id,
    a.guardian_id,
    b.id,
    b.pupil_id,
    b.kind,
    b.reason,
    b.is_authorised,
    b.starts_at,
    b.ends_at,
    b.reported_by,
    b.first_shown_at,
    b.changed_at,
    b.news_at
FROM absences AS b
JOIN portal_access AS a ON a.school_id = b.school_id AND a.pupil_id = b.pupil_id AND a.level = 'full'
JOIN portal_modules AS m ON m.school_id = b.school_id AND m.module = 'absentie'

-- Notes the school flagged for parents, at full access.
SELECT
    n.school_id,
    a.guardian_id,
    n.id,
    n.pupil_id,
    n.category,
    n.noted_on,
    n.title,
    n.text,
    n.employee_id,
    n.is_reply_allowed,
    n.first_shown_at,
    n.changed_at,
    n.news_at
FROM notes AS n
JOIN portal_access AS a ON a.school_id = n.school_id AND a.pupil_id = n.pupil_id AND a.level = 'full'
JOIN portal_modules AS m ON m.school_id = n.school_id AND m.module = 'notities'

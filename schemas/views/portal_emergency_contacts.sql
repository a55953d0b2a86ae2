-- Whom the school calls when no guardian can be reached, at full access.
SELECT
    c.school_id,
    a.guardian_id,
    c.id,
    c.pupil_id,
    c.name,
    c.relation,
    c.phones,
    c.contact_order,
    c.first_shown_at,
    c.changed_at,
    c.news_at
FROM emergency_contacts AS c
JOIN portal_access AS a ON a.school_id = c.school_id AND a.pupil_id = c.pupil_id AND a.level = 'full'
JOIN portal_modules AS m ON m.school_id = c.school_id AND m.module = 'personalia'

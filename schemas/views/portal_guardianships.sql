-- The guardian's own relation to each pupil; never another guardian's.
SELECT
    r.school_id,
    r.guardian_id,
    r.id,
    r.pupil_id,
    r.relation,
    r.contact_order,
    r.from_on,
    r.until_on,
    r.first_shown_at,
    r.changed_at,
    r.news_at
FROM guardianships AS r
JOIN portal_access AS a
    ON a.school_id = r.school_id AND a.pupil_id = r.pupil_id AND a.guardian_id = r.guardian_id
JOIN portal_modules AS m ON m.school_id = r.school_id AND m.module = 'personalia'

-- The school's buildings, for every guardian who may see a pupil.
SELECT
    l.school_id,
    v.guardian_id,
    l.id,
    l.name,
    l.street,
    l.house_number,
    l.house_number_suffix,
    l.postal_code,
    l.city,
    l.country,
    l.phone,
    l.first_shown_at,
    l.changed_at,
    l.news_at
FROM locations AS l
JOIN (SELECT DISTINCT a.school_id, a.guardian_id FROM portal_access AS a) AS v ON v.school_id = l.school_id
JOIN portal_modules AS m ON m.school_id = l.school_id AND m.module = 'personalia'

-- The pupils a guardian may see. Address and phones only at full access, never when anyone who lives there is secret;
-- nor is it told then that anything of the pupil changed. A blank address carries no reason: the mark is that of the
-- school's own record.
SELECT
    p.school_id,
    a.guardian_id,
    p.id,
    p.number,
    p.first_names,
    p.call_name,
    p.name_prefix,
    p.last_name,
    p.display_name,
    p.sort_name,
    p.gender,
    CASE WHEN a.level = 'full' THEN p.birth_on END AS birth_on,
    p.year_group,
    p.enrolled_from,
    p.enrolled_until,
    p.location_id,
    p.photo_reference,
    CASE WHEN a.level = 'full' AND NOT h.is_secret THEN p.street END AS street,
    CASE WHEN a.level = 'full' AND NOT h.is_secret THEN p.house_number END AS house_number,
    CASE WHEN a.level = 'full' AND NOT h.is_secret THEN p.house_number_suffix END AS house_number_suffix,
    CASE WHEN a.level = 'full' AND NOT h.is_secret THEN p.postal_code END AS postal_code,
    CASE WHEN a.level = 'full' AND NOT h.is_secret THEN p.city END AS city,
    CASE WHEN a.level = 'full' AND NOT h.is_secret THEN p.country END AS country,
    p.is_address_confidential,
    CASE WHEN a.level = 'full' AND NOT h.is_secret THEN p.phones ELSE '[]' END AS phones,
    p.visible_from,
    p.first_shown_at,
    CASE WHEN a.level = 'full' AND NOT h.is_secret THEN p.changed_at ELSE p.first_shown_at END AS changed_at,
    CASE WHEN a.level = 'full' AND NOT h.is_secret THEN p.news_at END AS news_at
FROM pupils AS p
JOIN portal_access AS a ON a.school_id = p.school_id AND a.pupil_id = p.id
JOIN portal_modules AS m ON m.school_id = p.school_id AND m.module = 'personalia'
JOIN (
    SELECT
        c.school_id,
        c.id,
        EXISTS (
            SELECT 1 FROM secret_homes AS x WHERE x.school_id = c.school_id AND x.stream = 'pupils' AND x.id = c.id
        ) AS is_secret
    FROM pupils AS c
) AS h ON h.school_id = p.school_id AND h.id = p.id

-- Classmates, as far as the school shows them, their guardians allow it and nobody at home keeps the address secret.
-- Only the name of a pupil who shares a guardian with the viewer's own, or lives where a co-guardian lives.
-- The list ends with the last school day: the grace for leavers shows no other child.
-- CROSS JOIN: SQLite then keeps this order, from the viewer to the classmates, and reads no school whole.
SELECT
    v.school_id,
    v.guardian_id,
    v.group_id,
    v.pupil_id,
    e.display_name,
    e.sort_name,
    CASE WHEN photo.value = 'true' AND NOT v.is_near THEN e.photo_reference END AS photo_reference,
    CASE WHEN birth.value = '"full"' AND NOT v.is_near THEN e.birth_on END AS birth_on,
    CASE WHEN birth.value IN ('"full"', '"day_and_month"') AND NOT v.is_near THEN e.birth_day END AS birth_day,
    CASE WHEN home.value = 'true' AND NOT v.is_near THEN e.street END AS street,
    CASE WHEN home.value = 'true' AND NOT v.is_near THEN e.house_number END AS house_number,
    CASE WHEN home.value = 'true' AND NOT v.is_near THEN e.house_number_suffix END AS house_number_suffix,
    CASE WHEN home.value = 'true' AND NOT v.is_near THEN e.postal_code END AS postal_code,
    CASE WHEN home.value = 'true' AND NOT v.is_near THEN e.city END AS city,
    CASE WHEN phone.value = 'true' AND NOT v.is_near THEN e.phones ELSE '[]' END AS phones,
    CASE
        WHEN parents.value = 'true' AND NOT v.is_near
            AND (e.parents_named_from IS NULL OR e.parents_named_from <= {now}) THEN e.parents_names
        ELSE '[]'
    END AS parents_names
FROM (
    SELECT DISTINCT
        a.school_id,
        a.guardian_id,
        mine.group_id,
        theirs.pupil_id,
        (
            EXISTS (
                SELECT 1
                FROM guardianships AS own CROSS JOIN guardianships AS co CROSS JOIN guardianships AS kin
                WHERE own.school_id = a.school_id AND own.guardian_id = a.guardian_id
                    AND co.school_id = own.school_id AND co.pupil_id = own.pupil_id
                    AND kin.school_id = co.school_id AND kin.guardian_id = co.guardian_id
                    AND kin.pupil_id = theirs.pupil_id
            )
            OR EXISTS (
                SELECT 1
                FROM guardianships AS own CROSS JOIN guardianships AS co CROSS JOIN guardians AS g
                WHERE own.school_id = a.school_id AND own.guardian_id = a.guardian_id
                    AND co.school_id = own.school_id AND co.pupil_id = own.pupil_id
                    AND co.guardian_id <> a.guardian_id
                    AND g.school_id = co.school_id AND g.id = co.guardian_id AND g.address_id = l.address_id
            )
        ) AS is_near
    FROM guardian_access AS a
    CROSS JOIN group_memberships AS mine
    CROSS JOIN groups AS c
    CROSS JOIN group_memberships AS theirs
    CROSS JOIN group_list_entries AS l
    WHERE mine.school_id = a.school_id AND mine.pupil_id = a.pupil_id
        AND c.school_id = mine.school_id AND c.id = mine.group_id AND c.kind IN ('class', 'composite')
        AND theirs.school_id = mine.school_id AND theirs.group_id = mine.group_id
        AND l.school_id = theirs.school_id AND l.pupil_id = theirs.pupil_id
        AND a.level = 'full'
        AND (a.access_from IS NULL OR a.access_from <= {now})
        AND (a.access_until IS NULL OR a.access_until > {now})
        AND (a.class_until IS NULL OR a.class_until > {now})
        AND (mine.begins_at IS NULL OR mine.begins_at <= {now})
        AND (mine.ends_at IS NULL OR mine.ends_at > {now})
        AND (theirs.begins_at IS NULL OR theirs.begins_at <= {now})
        AND (theirs.ends_at IS NULL OR theirs.ends_at > {now})
        AND (l.visible_from IS NULL OR l.visible_from <= {now})
        AND (l.visible_until IS NULL OR l.visible_until > {now})
        AND NOT EXISTS (
            SELECT 1 FROM guardian_access AS barred
            WHERE barred.school_id = a.school_id AND barred.guardian_id = a.guardian_id
                AND barred.pupil_id = theirs.pupil_id AND barred.level = 'none'
                AND (barred.access_from IS NULL OR barred.access_from <= {now})
                AND (barred.access_until IS NULL OR barred.access_until > {now})
        )
) AS v
JOIN portal_modules AS m ON m.school_id = v.school_id AND m.module = 'groep'
JOIN group_list_entries AS e ON e.school_id = v.school_id AND e.pupil_id = v.pupil_id
JOIN settings AS s ON s.school_id = v.school_id AND s.name = 'group_list.name' AND s.value = 'true'
LEFT JOIN settings AS photo ON photo.school_id = v.school_id AND photo.name = 'group_list.photo'
LEFT JOIN settings AS birth ON birth.school_id = v.school_id AND birth.name = 'group_list.birth_date'
LEFT JOIN settings AS home ON home.school_id = v.school_id AND home.name = 'group_list.address'
LEFT JOIN settings AS phone ON phone.school_id = v.school_id AND phone.name = 'group_list.phone'
LEFT JOIN settings AS parents ON parents.school_id = v.school_id AND parents.name = 'group_list.parents_names'

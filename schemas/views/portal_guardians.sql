-- A guardian sees oneself whole, and of a co-guardian of the same pupil the name only;
-- nothing of a co-guardian whose address is secret, or who may not see the pupil; never when a co-guardian changed.
SELECT
    g.school_id,
    v.guardian_id,
    g.id,
    v.is_self,
    g.initials,
    g.call_name,
    g.name_prefix,
    g.last_name,
    g.display_name,
    g.sort_name,
    CASE WHEN v.is_self THEN g.gender END AS gender,
    CASE WHEN v.is_self THEN g.email END AS email,
    CASE WHEN v.is_self THEN g.street END AS street,
    CASE WHEN v.is_self THEN g.house_number END AS house_number,
    CASE WHEN v.is_self THEN g.house_number_suffix END AS house_number_suffix,
    CASE WHEN v.is_self THEN g.postal_code END AS postal_code,
    CASE WHEN v.is_self THEN g.city END AS city,
    CASE WHEN v.is_self THEN g.country END AS country,
    CASE WHEN v.is_self THEN g.is_address_confidential END AS is_address_confidential,
    CASE WHEN v.is_self THEN g.phones ELSE '[]' END AS phones,
    g.first_shown_at,
    CASE WHEN v.is_self THEN g.changed_at ELSE g.first_shown_at END AS changed_at,
    CASE WHEN v.is_self THEN g.news_at END AS news_at
FROM (
    SELECT DISTINCT
        me.school_id,
        me.guardian_id,
        other.guardian_id AS seen_id,
        (me.guardian_id = other.guardian_id) AS is_self
    FROM portal_access AS me
    JOIN portal_access AS other
        ON other.school_id = me.school_id AND other.pupil_id = me.pupil_id
    WHERE me.guardian_id = other.guardian_id OR (me.level = 'full' AND other.level = 'full')
) AS v
JOIN guardians AS g ON g.school_id = v.school_id AND g.id = v.seen_id
JOIN portal_modules AS m ON m.school_id = g.school_id AND m.module = 'personalia'
WHERE v.is_self OR NOT g.is_address_confidential

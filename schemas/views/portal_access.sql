-- Which guardian may see which pupil at this moment, and how much: limited or full.
SELECT
    a.school_id,
    a.guardian_id,
    a.pupil_id,
    a.level,
    a.access_until
FROM guardian_access AS a
JOIN pupils AS p ON p.school_id = a.school_id AND p.id = a.pupil_id
WHERE a.level <> 'none'
    AND (a.access_from IS NULL OR a.access_from <= {now})
    AND (a.access_until IS NULL OR a.access_until > {now})
    AND (p.visible_from IS NULL OR p.visible_from <= {now})
    AND (p.visible_until IS NULL OR p.visible_until > {now})

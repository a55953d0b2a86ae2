-- The life of what a guardian asked to be corrected, line by line, oldest first by id. Who at school moved it is not told.
SELECT
    v.school_id,
    v.guardian_id,
    v.correction_id,
    v.number,
    m.id,
    m.moved_at,
    m.from_place,
    m.to_place,
    m.role,
    m.reason
FROM portal_corrections AS v
JOIN correction_moves AS m
    ON m.school_id = v.school_id AND m.correction_id = v.correction_id AND m.number = v.number

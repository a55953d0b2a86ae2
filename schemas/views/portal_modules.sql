-- Which modules parents may see at this moment: open, first load complete, under no embargo.
SELECT
    m.school_id,
    m.module,
    m.phase,
    m.opens_at,
    p.parent_text
FROM modules AS m
JOIN reveals AS r ON r.school_id = m.school_id AND r.module = m.module
LEFT JOIN phases AS p ON p.school_id = m.school_id AND p.number = m.phase
WHERE m.opens_at <= {now}
    AND (m.closes_at IS NULL OR m.closes_at > {now})
    AND NOT EXISTS (
        SELECT 1 FROM embargoes AS e
        WHERE e.school_id = m.school_id AND e.module = m.module
            AND e.embargo_from <= {now} AND e.embargo_until > {now}
    )

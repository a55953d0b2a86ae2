-- The year planner; one group's item for the guardians of the pupils now in that group.
SELECT
    c.school_id,
    v.guardian_id,
    c.id,
    c.title,
    c.description,
    c.kind,
    c.group_id,
    c.is_all_day,
    c.starts_at,
    c.ends_at,
    c.first_shown_at,
    c.changed_at,
    c.news_at
FROM calendar_items AS c
JOIN (SELECT DISTINCT a.school_id, a.guardian_id FROM portal_access AS a) AS v ON v.school_id = c.school_id
JOIN portal_modules AS m ON m.school_id = c.school_id AND m.module = 'jaarplanner'
WHERE c.group_id IS NULL
    OR EXISTS (
        SELECT 1
        FROM group_memberships AS g
        JOIN portal_access AS a ON a.school_id = g.school_id AND a.pupil_id = g.pupil_id
        JOIN portal_modules AS o ON o.school_id = g.school_id AND o.module IN ('groep', 'rooster')
        WHERE g.school_id = c.school_id AND g.group_id = c.group_id AND a.guardian_id = v.guardian_id
            AND (g.begins_at IS NULL OR g.begins_at <= {now})
            AND (g.ends_at IS NULL OR g.ends_at > {now})
    )

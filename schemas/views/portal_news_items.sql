-- Published news within its dates; one group's item for the guardians of the pupils now in that group.
SELECT
    n.school_id,
    v.guardian_id,
    n.id,
    n.title,
    n.body,
    n.group_id,
    n.visible_from,
    n.visible_until,
    n.first_shown_at,
    n.changed_at,
    n.news_at
FROM news_items AS n
JOIN (SELECT DISTINCT a.school_id, a.guardian_id FROM portal_access AS a) AS v ON v.school_id = n.school_id
JOIN portal_modules AS m ON m.school_id = n.school_id AND m.module = 'nieuws'
WHERE (n.visible_from IS NULL OR n.visible_from <= {now})
    AND (n.visible_until IS NULL OR n.visible_until > {now})
    AND (
        n.group_id IS NULL
        OR EXISTS (
            SELECT 1
            FROM group_memberships AS g
            JOIN portal_access AS a ON a.school_id = g.school_id AND a.pupil_id = g.pupil_id
            JOIN portal_modules AS o ON o.school_id = g.school_id AND o.module IN ('groep', 'rooster')
            WHERE g.school_id = n.school_id AND g.group_id = n.group_id AND a.guardian_id = v.guardian_id
                AND (g.begins_at IS NULL OR g.begins_at <= {now})
                AND (g.ends_at IS NULL OR g.ends_at > {now})
        )
    )

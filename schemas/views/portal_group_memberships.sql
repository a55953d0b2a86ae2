-- The groups of the guardian's own pupils, once they began. Never a classmate.
SELECT
    g.school_id,
    a.guardian_id,
    g.id,
    g.pupil_id,
    g.group_id,
    g.school_year,
    g.year_group,
    g.from_on,
    g.until_on,
    g.begins_at,
    g.first_shown_at,
    g.changed_at,
    g.news_at
FROM group_memberships AS g
JOIN portal_access AS a ON a.school_id = g.school_id AND a.pupil_id = g.pupil_id
JOIN portal_modules AS m ON m.school_id = g.school_id AND m.module = 'groep'
WHERE g.begins_at IS NULL OR g.begins_at <= {now}

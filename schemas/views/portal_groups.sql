-- The groups the guardian's own pupils are or were in.
SELECT
    v.school_id,
    v.guardian_id,
    g.id,
    g.name,
    g.school_year,
    g.year_groups,
    g.kind,
    g.first_shown_at,
    g.changed_at,
    g.news_at
FROM groups AS g
JOIN (
    SELECT DISTINCT o.school_id, o.guardian_id, o.group_id FROM portal_group_memberships AS o
) AS v ON v.school_id = g.school_id AND v.group_id = g.id

-- The groups the guardian's own pupils are or were in.
SELECT DISTINCT
    g.school_id,
    v.guardian_id,
    g.id,
    g.name,
    g.school_year,
    g.year_groups,
    g.kind,
    g.first_shown_at,
    g.changed_at
FROM groups AS g
JOIN portal_group_memberships AS v ON v.school_id = g.school_id AND v.group_id = g.id

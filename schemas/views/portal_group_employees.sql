-- Who works in the groups the guardian's own pupils are or were in.
SELECT
    v.school_id,
    v.guardian_id,
    w.id,
    w.group_id,
    w.employee_id,
    w.role,
    w.weekdays,
    w.from_on,
    w.until_on,
    w.first_shown_at,
    w.changed_at,
    w.news_at
FROM group_employees AS w
JOIN (
    SELECT DISTINCT o.school_id, o.guardian_id, o.group_id FROM portal_group_memberships AS o
) AS v ON v.school_id = w.school_id AND v.group_id = w.group_id

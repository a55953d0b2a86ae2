-- The timetable of the groups that the guardian's own pupils are in now.
SELECT
    l.school_id,
    v.guardian_id,
    l.id,
    l.group_id,
    g.name AS group_name,
    l.weekday,
    l.starts,
    l.ends,
    l.subject,
    l.employee_id,
    l.room,
    l.visible_from,
    l.visible_until,
    l.first_shown_at,
    l.changed_at,
    l.news_at
FROM lessons AS l
JOIN (
    SELECT DISTINCT b.school_id, a.guardian_id, b.group_id
    FROM group_memberships AS b
    JOIN portal_access AS a ON a.school_id = b.school_id AND a.pupil_id = b.pupil_id
    WHERE (b.begins_at IS NULL OR b.begins_at <= {now}) AND (b.ends_at IS NULL OR b.ends_at > {now})
) AS v ON v.school_id = l.school_id AND v.group_id = l.group_id
JOIN groups AS g ON g.school_id = l.school_id AND g.id = l.group_id
JOIN portal_modules AS m ON m.school_id = l.school_id AND m.module = 'rooster'
WHERE (l.visible_from IS NULL OR l.visible_from <= {now})
    AND (l.visible_until IS NULL OR l.visible_until > {now})

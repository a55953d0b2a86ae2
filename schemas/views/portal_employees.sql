-- The school's employees with the work address, for every guardian who may see a pupil.
SELECT
    e.school_id,
    v.guardian_id,
    e.id,
    e.initials,
    e.call_name,
    e.name_prefix,
    e.last_name,
    e.display_name,
    e.sort_name,
    e.functions,
    e.work_email,
    e.working_days,
    e.visible_from,
    e.first_shown_at,
    e.changed_at,
    e.news_at
FROM employees AS e
JOIN (SELECT DISTINCT a.school_id, a.guardian_id FROM portal_access AS a) AS v ON v.school_id = e.school_id
JOIN portal_modules AS m ON m.school_id = e.school_id AND m.module = 'medewerkers'
WHERE (e.visible_from IS NULL OR e.visible_from <= {now})
    AND (e.visible_until IS NULL OR e.visible_until > {now})

-- Results of the pupil monitoring system, from their date on; also under an information agreement (progress).
SELECT
    t.school_id,
    a.guardian_id,
    t.id,
    t.pupil_id,
    t.test,
    t.test_name,
    t.subject,
    t.taken_on,
    t.school_year,
    t.year_group,
    t.moment,
    t.raw_score,
    t.scale_score,
    t.scale,
    t.functioning_level,
    t.levels,
    t.visible_from,
    t.first_shown_at,
    t.changed_at,
    t.news_at
FROM test_results AS t
JOIN portal_access AS a ON a.school_id = t.school_id AND a.pupil_id = t.pupil_id
JOIN portal_modules AS m ON m.school_id = t.school_id AND m.module = 'toetsen'
WHERE t.visible_from IS NULL OR t.visible_from <= {now}

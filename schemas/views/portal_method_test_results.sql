-- Results of tests that belong to a teaching method, from their date on, at full access.
SELECT
    t.school_id,
    a.guardian_id,
    t.id,
    t.pupil_id,
    t.method,
    t.test,
    t.subject,
    t.taken_on,
    t.school_year,
    t.year_group,
    t.parts,
    t.score,
    t.max_score,
    t.norm,
    t.grade,
    t.visible_from,
    t.first_shown_at,
    t.changed_at,
    t.news_at
FROM method_test_results AS t
JOIN portal_access AS a ON a.school_id = t.school_id AND a.pupil_id = t.pupil_id AND a.level = 'full'
JOIN portal_modules AS m ON m.school_id = t.school_id AND m.module = 'methodetoetsen'
WHERE t.visible_from IS NULL OR t.visible_from <= {now}

-- Final support plans; also under an information agreement (progress and well-being).
SELECT
    s.school_id,
    a.guardian_id,
    s.id,
    s.pupil_id,
    s.subject,
    s.from_on,
    s.until_on,
    s.goals,
    s.approach,
    s.evaluation,
    s.employee_id,
    s.document_id,
    s.document_name,
    s.document_type,
    s.document_size,
    s.document_sha256,
    s.first_shown_at,
    s.changed_at,
    s.news_at
FROM support_plans AS s
JOIN portal_access AS a ON a.school_id = s.school_id AND a.pupil_id = s.pupil_id
JOIN portal_modules AS m ON m.school_id = s.school_id AND m.module = 'hulpplan'

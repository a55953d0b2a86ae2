-- Published school reports from their date on; also under an information agreement (progress).
SELECT
    r.school_id,
    a.guardian_id,
    r.id,
    r.pupil_id,
    r.title,
    r.period,
    r.school_year,
    r.year_group,
    r.reported_on,
    r.document_id,
    r.document_name,
    r.document_type,
    r.document_size,
    r.document_sha256,
    r.visible_from,
    r.first_shown_at,
    r.changed_at,
    r.news_at
FROM reports AS r
JOIN portal_access AS a ON a.school_id = r.school_id AND a.pupil_id = r.pupil_id
JOIN portal_modules AS m ON m.school_id = r.school_id AND m.module = 'rapport'
WHERE r.visible_from IS NULL OR r.visible_from <= {now}

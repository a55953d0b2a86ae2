-- The files of the reports and support plans a guardian sees; to hand one out, the portal asks this view.
-- CROSS JOIN: without statistics SQLite would else begin with every report of the school.
SELECT
    v.school_id,
    v.guardian_id,
    d.id,
    v.stream,
    v.row_id,
    v.pupil_id,
    v.name,
    d.content_type,
    d.size,
    d.sha256,
    d.state,
    CASE WHEN d.state = 'stored' THEN d.location END AS location,
    d.content
FROM (
    SELECT
        r.school_id,
        r.guardian_id,
        'reports' AS stream,
        r.id AS row_id,
        r.pupil_id,
        r.document_id,
        r.document_name AS name,
        r.document_sha256
    FROM portal_reports AS r
    UNION ALL
    SELECT
        s.school_id,
        s.guardian_id,
        'support_plans' AS stream,
        s.id AS row_id,
        s.pupil_id,
        s.document_id,
        s.document_name AS name,
        s.document_sha256
    FROM portal_support_plans AS s
) AS v
CROSS JOIN documents AS d
WHERE d.school_id = v.school_id AND d.id = v.document_id AND d.sha256 = v.document_sha256

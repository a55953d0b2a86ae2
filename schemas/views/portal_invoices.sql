-- Invoices, to the guardian who owes them only; the pupil is named where that guardian may see it.
SELECT
    i.school_id,
    v.guardian_id,
    i.id,
    (
        SELECT a.pupil_id FROM portal_access AS a
        WHERE a.school_id = i.school_id AND a.guardian_id = i.debtor_id AND a.pupil_id = i.pupil_id
    ) AS pupil_id,
    i.number,
    i.description,
    i.status,
    i.invoiced_on,
    i.due_on,
    i.lines,
    i.total_cents,
    i.paid_cents,
    i.first_shown_at,
    i.changed_at,
    i.news_at
FROM invoices AS i
JOIN (SELECT DISTINCT a.school_id, a.guardian_id FROM portal_access AS a) AS v
    ON v.school_id = i.school_id AND v.guardian_id = i.debtor_id
JOIN portal_modules AS m ON m.school_id = i.school_id AND m.module = 'facturen'

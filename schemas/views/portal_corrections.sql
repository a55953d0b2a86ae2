-- What a guardian asked to be corrected, item by item, as it stands now. Only who asked sees it, while access
-- lasts; the values are what that guardian wrote, and are gone once they are no longer kept. What the school
-- accepted instead of a secret is a secret of the school.
SELECT
    i.school_id,
    c.requester_id AS guardian_id,
    i.correction_id,
    i.number,
    i.stream,
    i.record_id,
    i.field,
    i.operation,
    c.motive,
    c.effective_on,
    c.submitted_at,
    i.base_value,
    i.new_value,
    CASE WHEN NOT i.is_secret THEN i.final_text END AS accepted_value,
    i.state,
    i.outcome,
    i.reason,
    i.note_parent,
    i.state IN ('submitted', 'in_review', 'delivered', 'awaiting') AS is_pending,
    i.delivered_at,
    i.decided_at,
    i.confirmed_at,
    i.closed_at
FROM correction_items AS i
JOIN corrections AS c ON c.school_id = i.school_id AND c.id = i.correction_id
WHERE EXISTS (
    SELECT 1 FROM portal_access AS a
    WHERE a.school_id = i.school_id AND a.guardian_id = c.requester_id
        AND (
            (i.stream = 'guardians' AND i.record_id = c.requester_id)
            OR (i.stream = 'pupils' AND i.record_id = a.pupil_id AND a.level = 'full')
        )
)

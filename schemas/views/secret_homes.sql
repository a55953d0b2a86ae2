-- Whose address must not be shown because of whom: the one place that says that somebody secret lives there. A home is
-- shared when the address record is one, or in a family (a relation, a common guardian) when postcode and number agree
-- and the suffixes agree or one is missing. What cannot be compared counts as shared in a family; strangers never are
-- compared. Nobody's own unmarked record is asked, so moving it is no way to guess. No view of the portal's contract.
-- CROSS JOIN: SQLite then goes from the pupil to the family, and reads no school whole.
SELECT p.school_id, 'pupils' AS stream, p.id, 'pupils' AS holder_stream, p.id AS holder_id
FROM pupils AS p
WHERE p.is_address_confidential
UNION ALL
SELECT p.school_id, 'pupils', p.id, 'guardians', g.id
FROM pupils AS p
JOIN guardians AS g ON g.school_id = p.school_id AND g.address_id = p.address_id
WHERE g.is_address_confidential
UNION ALL
SELECT p.school_id, 'pupils', p.id, 'pupils', s.id
FROM pupils AS p
JOIN pupils AS s ON s.school_id = p.school_id AND s.address_id = p.address_id
WHERE s.is_address_confidential AND s.id <> p.id
UNION ALL
SELECT p.school_id, 'pupils', p.id, 'guardians', g.id
FROM pupils AS p
JOIN guardianships AS r ON r.school_id = p.school_id AND r.pupil_id = p.id
JOIN guardians AS g ON g.school_id = r.school_id AND g.id = r.guardian_id
WHERE g.is_address_confidential
    AND (
        p.address_id IS NULL OR g.address_id IS NULL OR p.home_digest IS NULL OR g.home_digest IS NULL
        OR (
            g.home_digest = p.home_digest
            AND (
                g.home_suffix_digest IS NULL OR p.home_suffix_digest IS NULL
                OR g.home_suffix_digest = p.home_suffix_digest
            )
        )
    )
UNION ALL
SELECT p.school_id, 'pupils', p.id, 'pupils', s.id
FROM pupils AS p CROSS JOIN guardianships AS r CROSS JOIN guardianships AS k CROSS JOIN pupils AS s
WHERE r.school_id = p.school_id AND r.pupil_id = p.id
    AND k.school_id = r.school_id AND k.guardian_id = r.guardian_id
    AND s.school_id = k.school_id AND s.id = k.pupil_id
    AND s.is_address_confidential AND s.id <> p.id
    AND (
        p.address_id IS NULL OR s.address_id IS NULL OR p.home_digest IS NULL OR s.home_digest IS NULL
        OR (
            s.home_digest = p.home_digest
            AND (
                s.home_suffix_digest IS NULL OR p.home_suffix_digest IS NULL
                OR s.home_suffix_digest = p.home_suffix_digest
            )
        )
    )
UNION ALL
-- A guardian: by the record alone. By postcode and number the own address would decide who names that guardian.
SELECT g.school_id, 'guardians', g.id, 'guardians', g.id
FROM guardians AS g
WHERE g.is_address_confidential
UNION ALL
SELECT g.school_id, 'guardians', g.id, 'guardians', o.id
FROM guardians AS g
JOIN guardians AS o ON o.school_id = g.school_id AND o.address_id = g.address_id
WHERE o.is_address_confidential AND o.id <> g.id
UNION ALL
SELECT g.school_id, 'guardians', g.id, 'pupils', s.id
FROM guardians AS g
JOIN pupils AS s ON s.school_id = g.school_id AND s.address_id = g.address_id
WHERE s.is_address_confidential

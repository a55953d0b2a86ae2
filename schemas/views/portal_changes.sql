-- What became visible to this guardian or changed: one line a record, with its newest news. Silent on first loads.
-- What came while its module was hidden (embargo, closed for a while) is news at the end of that, however it ended;
-- what came before the module was first shown is none. One group's item also needs one of the modules that show groups.
SELECT
    told.school_id,
    told.guardian_id,
    told.module,
    told.stream,
    told.id,
    told.pupil_id,
    told.kind,
    COALESCE(
        (
            SELECT MIN(c.at)
            FROM (
                SELECT told.at AS at
                UNION ALL
                SELECT h.hidden_until
                FROM hidings AS h
                WHERE h.school_id = told.school_id AND h.module IN (told.module, 'groep', 'rooster')
                    AND h.hidden_until > told.at
            ) AS c
            WHERE NOT EXISTS (
                    SELECT 1
                    FROM hidings AS h
                    WHERE h.school_id = told.school_id AND h.module = told.module
                        AND h.hidden_from <= c.at AND (h.hidden_until IS NULL OR h.hidden_until > c.at)
                )
                AND (
                    told.group_id IS NULL
                    OR (
                        SELECT COUNT(DISTINCT h.module)
                        FROM hidings AS h
                        WHERE h.school_id = told.school_id AND h.module IN ('groep', 'rooster')
                            AND h.hidden_from <= c.at AND (h.hidden_until IS NULL OR h.hidden_until > c.at)
                    ) < 2
                )
        ),
        told.at
    ) AS at
FROM (
SELECT
    v.school_id,
    v.guardian_id,
    'personalia' AS module,
    'pupils' AS stream,
    v.id,
    v.id AS pupil_id,
    NULL AS group_id,
    CASE WHEN v.visible_from > COALESCE(v.news_at, v.first_shown_at) OR v.news_at = v.first_shown_at THEN 'new' ELSE 'changed' END AS kind,
    CASE WHEN v.visible_from > COALESCE(v.news_at, v.first_shown_at) THEN v.visible_from ELSE v.news_at END AS at
FROM portal_pupils AS v
WHERE v.news_at IS NOT NULL OR v.visible_from > v.first_shown_at
UNION ALL
SELECT
    v.school_id,
    v.guardian_id,
    'personalia' AS module,
    'guardians' AS stream,
    v.id,
    NULL AS pupil_id,
    NULL AS group_id,
    CASE WHEN v.news_at = v.first_shown_at THEN 'new' ELSE 'changed' END AS kind,
    v.news_at AS at
FROM portal_guardians AS v
WHERE v.is_self AND v.news_at IS NOT NULL
UNION ALL
SELECT
    v.school_id,
    v.guardian_id,
    'personalia' AS module,
    'guardianships' AS stream,
    v.id,
    v.pupil_id,
    NULL AS group_id,
    CASE WHEN v.news_at = v.first_shown_at THEN 'new' ELSE 'changed' END AS kind,
    v.news_at AS at
FROM portal_guardianships AS v
WHERE v.news_at IS NOT NULL
UNION ALL
SELECT
    v.school_id,
    v.guardian_id,
    'personalia' AS module,
    'emergency_contacts' AS stream,
    v.id,
    v.pupil_id,
    NULL AS group_id,
    CASE WHEN v.news_at = v.first_shown_at THEN 'new' ELSE 'changed' END AS kind,
    v.news_at AS at
FROM portal_emergency_contacts AS v
WHERE v.news_at IS NOT NULL
UNION ALL
SELECT
    v.school_id,
    v.guardian_id,
    'personalia' AS module,
    'locations' AS stream,
    v.id,
    NULL AS pupil_id,
    NULL AS group_id,
    CASE WHEN v.news_at = v.first_shown_at THEN 'new' ELSE 'changed' END AS kind,
    v.news_at AS at
FROM portal_locations AS v
WHERE v.news_at IS NOT NULL
UNION ALL
SELECT
    v.school_id,
    v.guardian_id,
    'absentie' AS module,
    'absences' AS stream,
    v.id,
    v.pupil_id,
    NULL AS group_id,
    CASE WHEN v.news_at = v.first_shown_at THEN 'new' ELSE 'changed' END AS kind,
    v.news_at AS at
FROM portal_absences AS v
WHERE v.news_at IS NOT NULL
UNION ALL
SELECT
    v.school_id,
    v.guardian_id,
    'medisch' AS module,
    'medical_items' AS stream,
    v.id,
    v.pupil_id,
    NULL AS group_id,
    CASE WHEN v.news_at = v.first_shown_at THEN 'new' ELSE 'changed' END AS kind,
    v.news_at AS at
FROM portal_medical_items AS v
WHERE v.news_at IS NOT NULL
UNION ALL
SELECT
    v.school_id,
    v.guardian_id,
    'facturen' AS module,
    'invoices' AS stream,
    v.id,
    v.pupil_id,
    NULL AS group_id,
    CASE WHEN v.news_at = v.first_shown_at THEN 'new' ELSE 'changed' END AS kind,
    v.news_at AS at
FROM portal_invoices AS v
WHERE v.news_at IS NOT NULL
UNION ALL
SELECT
    v.school_id,
    v.guardian_id,
    'jaarplanner' AS module,
    'calendar_items' AS stream,
    v.id,
    NULL AS pupil_id,
    v.group_id,
    CASE WHEN v.news_at = v.first_shown_at THEN 'new' ELSE 'changed' END AS kind,
    v.news_at AS at
FROM portal_calendar_items AS v
WHERE v.news_at IS NOT NULL
UNION ALL
SELECT
    v.school_id,
    v.guardian_id,
    'nieuws' AS module,
    'news_items' AS stream,
    v.id,
    NULL AS pupil_id,
    v.group_id,
    CASE WHEN v.visible_from > COALESCE(v.news_at, v.first_shown_at) OR v.news_at = v.first_shown_at THEN 'new' ELSE 'changed' END AS kind,
    CASE WHEN v.visible_from > COALESCE(v.news_at, v.first_shown_at) THEN v.visible_from ELSE v.news_at END AS at
FROM portal_news_items AS v
WHERE v.news_at IS NOT NULL OR v.visible_from > v.first_shown_at
UNION ALL
SELECT
    v.school_id,
    v.guardian_id,
    'medewerkers' AS module,
    'employees' AS stream,
    v.id,
    NULL AS pupil_id,
    NULL AS group_id,
    CASE WHEN v.visible_from > COALESCE(v.news_at, v.first_shown_at) OR v.news_at = v.first_shown_at THEN 'new' ELSE 'changed' END AS kind,
    CASE WHEN v.visible_from > COALESCE(v.news_at, v.first_shown_at) THEN v.visible_from ELSE v.news_at END AS at
FROM portal_employees AS v
WHERE v.news_at IS NOT NULL OR v.visible_from > v.first_shown_at
UNION ALL
SELECT
    v.school_id,
    v.guardian_id,
    'groep' AS module,
    'group_memberships' AS stream,
    v.id,
    v.pupil_id,
    NULL AS group_id,
    CASE WHEN v.begins_at > COALESCE(v.news_at, v.first_shown_at) OR v.news_at = v.first_shown_at THEN 'new' ELSE 'changed' END AS kind,
    CASE WHEN v.begins_at > COALESCE(v.news_at, v.first_shown_at) THEN v.begins_at ELSE v.news_at END AS at
FROM portal_group_memberships AS v
WHERE v.news_at IS NOT NULL OR v.begins_at > v.first_shown_at
UNION ALL
SELECT
    v.school_id,
    v.guardian_id,
    'groep' AS module,
    'groups' AS stream,
    v.id,
    NULL AS pupil_id,
    NULL AS group_id,
    CASE WHEN v.news_at = v.first_shown_at THEN 'new' ELSE 'changed' END AS kind,
    v.news_at AS at
FROM portal_groups AS v
WHERE v.news_at IS NOT NULL
UNION ALL
SELECT
    v.school_id,
    v.guardian_id,
    'groep' AS module,
    'group_employees' AS stream,
    v.id,
    NULL AS pupil_id,
    NULL AS group_id,
    CASE WHEN v.news_at = v.first_shown_at THEN 'new' ELSE 'changed' END AS kind,
    v.news_at AS at
FROM portal_group_employees AS v
WHERE v.news_at IS NOT NULL
UNION ALL
SELECT
    v.school_id,
    v.guardian_id,
    'groep' AS module,
    'privacy_preferences' AS stream,
    v.id,
    v.pupil_id,
    NULL AS group_id,
    CASE WHEN v.news_at = v.first_shown_at THEN 'new' ELSE 'changed' END AS kind,
    v.news_at AS at
FROM portal_privacy_preferences AS v
WHERE v.news_at IS NOT NULL
UNION ALL
SELECT
    v.school_id,
    v.guardian_id,
    'rooster' AS module,
    'lessons' AS stream,
    v.id,
    NULL AS pupil_id,
    NULL AS group_id,
    CASE WHEN v.visible_from > COALESCE(v.news_at, v.first_shown_at) OR v.news_at = v.first_shown_at THEN 'new' ELSE 'changed' END AS kind,
    CASE WHEN v.visible_from > COALESCE(v.news_at, v.first_shown_at) THEN v.visible_from ELSE v.news_at END AS at
FROM portal_lessons AS v
WHERE v.news_at IS NOT NULL OR v.visible_from > v.first_shown_at
UNION ALL
SELECT
    v.school_id,
    v.guardian_id,
    'hulpplan' AS module,
    'support_plans' AS stream,
    v.id,
    v.pupil_id,
    NULL AS group_id,
    CASE WHEN v.news_at = v.first_shown_at THEN 'new' ELSE 'changed' END AS kind,
    v.news_at AS at
FROM portal_support_plans AS v
WHERE v.news_at IS NOT NULL
UNION ALL
SELECT
    v.school_id,
    v.guardian_id,
    'rapport' AS module,
    'reports' AS stream,
    v.id,
    v.pupil_id,
    NULL AS group_id,
    CASE WHEN v.visible_from > COALESCE(v.news_at, v.first_shown_at) OR v.news_at = v.first_shown_at THEN 'new' ELSE 'changed' END AS kind,
    CASE WHEN v.visible_from > COALESCE(v.news_at, v.first_shown_at) THEN v.visible_from ELSE v.news_at END AS at
FROM portal_reports AS v
WHERE v.news_at IS NOT NULL OR v.visible_from > v.first_shown_at
UNION ALL
SELECT
    v.school_id,
    v.guardian_id,
    'methodetoetsen' AS module,
    'method_test_results' AS stream,
    v.id,
    v.pupil_id,
    NULL AS group_id,
    CASE WHEN v.visible_from > COALESCE(v.news_at, v.first_shown_at) OR v.news_at = v.first_shown_at THEN 'new' ELSE 'changed' END AS kind,
    CASE WHEN v.visible_from > COALESCE(v.news_at, v.first_shown_at) THEN v.visible_from ELSE v.news_at END AS at
FROM portal_method_test_results AS v
WHERE v.news_at IS NOT NULL OR v.visible_from > v.first_shown_at
UNION ALL
SELECT
    v.school_id,
    v.guardian_id,
    'notities' AS module,
    'notes' AS stream,
    v.id,
    v.pupil_id,
    NULL AS group_id,
    CASE WHEN v.news_at = v.first_shown_at THEN 'new' ELSE 'changed' END AS kind,
    v.news_at AS at
FROM portal_notes AS v
WHERE v.news_at IS NOT NULL
UNION ALL
SELECT
    v.school_id,
    v.guardian_id,
    'toetsen' AS module,
    'test_results' AS stream,
    v.id,
    v.pupil_id,
    NULL AS group_id,
    CASE WHEN v.visible_from > COALESCE(v.news_at, v.first_shown_at) OR v.news_at = v.first_shown_at THEN 'new' ELSE 'changed' END AS kind,
    CASE WHEN v.visible_from > COALESCE(v.news_at, v.first_shown_at) THEN v.visible_from ELSE v.news_at END AS at
FROM portal_test_results AS v
WHERE v.news_at IS NOT NULL OR v.visible_from > v.first_shown_at
) AS told
JOIN reveals AS r ON r.school_id = told.school_id AND r.module = told.module
WHERE told.at >= r.revealed_at

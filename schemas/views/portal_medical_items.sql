-- Medication, allergies, vaccinations, care providers and rest times, at full access. Sensitive.
SELECT
    i.school_id,
    a.guardian_id,
    i.id,
    i.pupil_id,
    i.kind,
    i.name,
    i.details,
    i.instructions,
    i.from_on,
    i.until_on,
    i.time_from,
    i.time_until,
    i.phone,
    i.first_shown_at,
    i.changed_at,
    i.news_at
FROM medical_items AS i
JOIN portal_access AS a ON a.school_id = i.school_id AND a.pupil_id = i.pupil_id AND a.level = 'full'
JOIN portal_modules AS m ON m.school_id = i.school_id AND m.module = 'medisch'

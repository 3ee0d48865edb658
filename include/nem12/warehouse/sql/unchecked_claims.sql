-- Claims whose run was not looked at for a while.
SELECT claim, max(run) AS run FROM meter_drops
WHERE state IN ('claimed', 'running') AND checked_at < now() - %(seconds)s * interval '1 second'
GROUP BY claim
ORDER BY claim

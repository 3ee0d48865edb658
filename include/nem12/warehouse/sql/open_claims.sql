SELECT DISTINCT claim FROM meter_drops WHERE state IN ('claimed', 'running')

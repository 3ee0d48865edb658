COPY (SELECT * FROM meter_readings ORDER BY nmi, nmi_suffix, "timestamp") TO STDOUT

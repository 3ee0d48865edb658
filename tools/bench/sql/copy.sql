COPY meter_readings FROM STDIN

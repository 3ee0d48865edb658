INSERT INTO usual_readings VALUES

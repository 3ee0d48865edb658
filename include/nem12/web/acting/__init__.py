"""What users do on the page: upload, withdraw, note; and who did it when."""

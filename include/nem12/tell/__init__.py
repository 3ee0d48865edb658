"""What people are told: reports beside files, alerts and their receivers."""

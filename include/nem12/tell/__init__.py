"""What people are told: reports beside files, alerts, who gets them."""

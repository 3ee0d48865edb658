SELECT first_day FROM meter_kept_from WHERE nmi = ''

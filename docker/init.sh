#!/bin/sh
# What has to be there before Airflow's components start: tables, roles, login, pool, folders. It runs
# at every `docker compose up`, and what is there stays as it is.
set -eu

say() {
    echo "init: $*"
}

# They become parts of URLs and of JSON.
for name in METER_OWNER_PASSWORD METER_LOADER_PASSWORD METER_READER_PASSWORD; do
    eval "value=\${$name}"
    case "$value" in
        '' | *[!A-Za-z0-9]*)
            say "$name must be made of letters and digits" >&2
            exit 1
            ;;
    esac
done

say "Airflow's tables"
airflow db migrate

say "roles of the database of the readings"
PGPASSWORD="$METER_DB_PASSWORD" psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 \
    --file "$(dirname "$0")/roles.sql" "postgresql://postgres@$METER_DB_HOST/meter"

say "tables of the readings"
METER_DB_URI="postgresql://nem12_owner:$METER_OWNER_PASSWORD@$METER_DB_HOST/meter" \
    nem12 migrate

say "pool meter_db"
airflow pools get meter_db > /dev/null 2>&1 ||
    airflow pools set meter_db "$(python -c 'from nem12 import settings; print(settings.writers())')" \
        "Batches that are applied at the same time"

say "login admin"
# The command asks twice for the password. As an argument every user of the machine could read it.
printf '%s\n' "$AIRFLOW_ADMIN_PASSWORD" "$AIRFLOW_ADMIN_PASSWORD" |
    PYTHONWARNINGS=ignore::UserWarning airflow users create --role Admin --username admin \
        --firstname Airflow --lastname Admin --email admin@localhost > /dev/null

say "folders in $METER_HOME"
# For their owner alone; a folder that is there keeps its mode.
(
    umask 077
    for folder in landing/strict landing/lenient staging archive rejected; do
        mkdir -p "$METER_HOME/$folder"
    done
)
# Only the folders themselves: their files have the owners that they have.
chown "${AIRFLOW_UID}:0" "$METER_HOME" "$METER_HOME/landing" "$METER_HOME/landing/strict" \
    "$METER_HOME/landing/lenient" "$METER_HOME/staging" "$METER_HOME/archive" "$METER_HOME/rejected"
chown -R "${AIRFLOW_UID}:0" "$AIRFLOW_HOME/logs"
say "done"

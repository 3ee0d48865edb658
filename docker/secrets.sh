#!/bin/sh
# Makes .env of .env.example, with a secret of its own for each name that has none and this user's
# id; for root, whose files nobody else could change, that of the image's user stays.
set -eu
umask 077
cd "$(dirname "$0")/.."
if [ -e .env ]; then
    echo "secrets: .env is there and stays as it is" >&2
    exit 1
fi

random() {
    head -c "$1" /dev/urandom | base64 | tr -d '\n'
}

while IFS= read -r line; do
    case "$line" in
        AIRFLOW_UID=*) [ "$(id -u)" = 0 ] && echo "$line" || echo "AIRFLOW_UID=$(id -u)" ;;
        # Fernet wants 32 bytes in the URL-safe alphabet.
        AIRFLOW_FERNET_KEY=) echo "$line$(random 32 | tr '+/' '-_')" ;;
        [A-Z]*=) echo "$line$(random 96 | tr -cd 'A-Za-z0-9' | cut -c 1-64)" ;;
        *) echo "$line" ;;
    esac
done < .env.example > .env.new
mv .env.new .env

# Airflow's official image with this package, its DAGs and its plugin.
FROM apache/airflow:3.3.2-python3.12

# What changes seldom comes first: an edit of the package installs only the package again. What this
# needs directly is pinned as it is tested; of the rest the image's own set stays, which
# constraints.txt does not fit: the image's FAB provider wants python-dateutil below 3.
# Airflow itself is named again, so that nothing here can move it; its Celery provider 3.26.0 fails
# with celery 5.7; the embedded PostgreSQL is for machines without a database server.
COPY --chown=airflow:0 requirements.txt /opt/nem12/
RUN grep -v pgserver /opt/nem12/requirements.txt > /tmp/requirements.txt \
    && pip install --no-cache-dir "apache-airflow==${AIRFLOW_VERSION}" "celery<5.7" \
        -r /tmp/requirements.txt

COPY --chown=airflow:0 LICENSE NOTICE pyproject.toml README.md /opt/nem12/
COPY --chown=airflow:0 include /opt/nem12/include
RUN pip install --no-cache-dir --no-deps /opt/nem12

COPY --chown=airflow:0 dags /opt/airflow/dags
COPY --chown=airflow:0 plugins /opt/airflow/plugins
COPY --chown=airflow:0 docker /opt/nem12/docker
# A checkout made under umask 077 is closed to others, and AIRFLOW_UID is one of group 0.
RUN chmod -R g=u /opt/nem12 /opt/airflow/dags /opt/airflow/plugins

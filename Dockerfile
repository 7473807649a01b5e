# One image for every service; the compose file says which part of it runs.
FROM python:3.11-slim
WORKDIR /srv
RUN useradd --create-home --uid 10001 marketplace && mkdir /data && chown marketplace /data
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY . .
ENV PYTHONPATH=/srv PYTHONUNBUFFERED=1 DATA_DIR=/data DAGSTER_HOME=/data/dagster API_HOST=0.0.0.0
USER marketplace
EXPOSE 8000 8501 3000
CMD ["uvicorn", "api.main:app", "--host", "0.0.0.0", "--port", "8000", "--no-access-log", "--no-proxy-headers", "--timeout-graceful-shutdown", "5"]

"""settings.py - a Django project with one app; the database comes from the environment."""
import os

SECRET_KEY = 'not a secret: this project serves nobody'
INSTALLED_APPS = ['gallery']
USE_TZ = True
DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'
DATABASES = {'default': {
    'ENGINE': 'django.db.backends.postgresql',
    'HOST': os.environ['PGHOST'],
    'PORT': os.environ['PGPORT'],
    'NAME': os.environ['DJANGO_DATABASE'],
    'USER': os.environ['DJANGO_USER'],
}}

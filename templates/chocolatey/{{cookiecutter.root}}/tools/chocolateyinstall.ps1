$ErrorActionPreference = 'Stop'

$toolsDir = Split-Path -Parent $MyInvocation.MyCommand.Definition
{%- macro quoted(text) %}'{{ text|replace("'", "''") }}'{% endmacro %}

$packageArgs = @{
  packageName    = {{ quoted(cookiecutter.package_id) }}
  url64bit       = {{ quoted(cookiecutter.url64) }}
  checksum64     = {{ quoted(cookiecutter.checksum64) }}
  checksumType64 = 'sha256'
{%- if cookiecutter.archive %}
  unzipLocation  = $toolsDir
}

Install-ChocolateyZipPackage @packageArgs
{%- else %}
  fileFullPath   = Join-Path $toolsDir {{ quoted(cookiecutter.executable) }}
}

Get-ChocolateyWebFile @packageArgs
{%- endif %}

class {{ cookiecutter.class_name }} < Formula
  desc {{ cookiecutter.desc }}
  homepage {{ cookiecutter.homepage }}
  version {{ cookiecutter.version }}
  license {{ cookiecutter.license }}
{%- if cookiecutter.dependencies %}
{% for dependency in cookiecutter.dependencies %}
  depends_on {{ dependency }}
{%- endfor %}
{%- endif %}
{% for system in cookiecutter.systems %}
  on_{{ system.name }} do
{%- for file in system.files %}
    on_{{ file.cpu }} do
      url {{ file.url }}
      sha256 {{ file.sha256 }}
    end
{%- endfor %}
  end
{% endfor %}
  def install
{%- if cookiecutter.runtime_files %}
    libexec.install Dir["*"]
    bin.install_symlink libexec/{{ cookiecutter.names[0] }}
{%- elif cookiecutter.names | length == 1 %}
    bin.install {{ cookiecutter.names[0] }}{% if cookiecutter.names[0] != cookiecutter.binary %} => {{ cookiecutter.binary }}{% endif %}
{%- else %}
    bin.install Dir[{{ cookiecutter.names | join(", ") }}].first => {{ cookiecutter.binary }}
{%- endif %}
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/{{ cookiecutter.test_command }}")
  end
end

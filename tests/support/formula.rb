# What Homebrew does with a formula, small enough to read: evaluate it for a system, download, compare, install, test.
#   ruby formula.rb list FORMULA                    the downloads of every system, as JSON
#   ruby formula.rb install FORMULA SYSTEM CPU PREFIX   (SYSTEM macos|linux, CPU arm|intel) prints what the test printed
require "digest"
require "fileutils"
require "json"
require "net/http"
require "open3"
require "pathname"

class Folder < Pathname
  def install(*files)
    mkpath
    files.flatten.each do |file|
      (file.is_a?(Hash) ? file.to_a : [[file, File.basename(file)]]).each { |from, to| FileUtils.mv(from, self / to) }
    end
  end

  def install_symlink(file)
    mkpath
    FileUtils.ln_s(file, self / File.basename(file))
  end

  def /(other) = Folder.new(super)
end

class Formula
  class << self
    attr_accessor :system, :cpu, :fields, :tester

    def begin_with(system, cpu)
      self.system, self.cpu, self.fields, self.tester = system, cpu, {}, nil
    end

    %w[desc homepage url version license sha256].each do |name|
      define_method(name) { |*value| value.empty? ? fields[name] : fields[name] = value.first }
    end

    def depends_on(name) = (fields["depends_on"] ||= []) << name
    def on_macos = (yield if system == "macos")
    def on_linux = (yield if system == "linux")
    def on_arm = (yield if cpu == "arm")
    def on_intel = (yield if cpu == "intel")
    def test(&block) = self.tester = block
    def inherited(kind) = (super; kind.begin_with(system, cpu); (@kinds ||= []) << kind)
    def newest = @kinds.last
  end

  attr_reader :prefix

  def initialize(prefix) = @prefix = Folder.new(File.expand_path(prefix))
  def bin = prefix / "bin"
  def libexec = prefix / "libexec"
  def version = self.class.fields["version"]

  def shell_output(command)
    @said, status = Open3.capture2e(command)
    raise "#{command} ended with #{status.exitstatus}: #{@said}" unless status.success?
    @said
  end

  def assert_match(expected, actual) = (raise "#{actual.inspect} does not hold #{expected.inspect}" unless actual.include?(expected))

  def run_test = (instance_eval(&self.class.tester); @said)
end

def evaluate(path, system, cpu)
  Formula.begin_with(system, cpu)
  load path
  Formula.newest.tap { |kind| Object.send(:remove_const, kind.name) }
end

# Net::HTTP takes a body that broke off for a whole one, and the page of an error for the file.
def body_of(url, tries = 3)
  answer = Net::HTTP.get_response(URI(url))
  raise "#{url} answered #{answer.code}" unless answer.is_a?(Net::HTTPOK)
  got, length = answer.body.to_s.bytesize, answer["Content-Length"]
  return answer.body if length.nil? || got == length.to_i
  raise "#{url} ended after #{got} of #{length} bytes" if tries == 1
  body_of(url, tries - 1)
end

def download(url, sha256, folder)
  file = File.join(folder, File.basename(url))
  File.binwrite(file, body_of(url))
  found = Digest::SHA256.file(file).hexdigest
  raise "Formula reports different checksum: #{sha256}, got #{found}" unless found == sha256
  return unless file.end_with?(".tar.gz", ".zip")
  Dir.chdir(folder) { Kernel.system("bsdtar", "-xf", File.basename(file), exception: true) }
  File.delete(file)
end

case ARGV.shift
when "list"
  systems = %w[macos linux].product(%w[arm intel])
  found = systems.map { |s, c| (k = evaluate(ARGV[0], s, c)).fields.merge("system" => s, "cpu" => c, "class" => k.name) }
  puts JSON.dump(found.select { |f| f["url"] })
when "install"
  path, system, cpu, prefix = ARGV
  kind = evaluate(path, system, cpu)
  work = File.join(prefix, "work")
  FileUtils.mkdir_p(work)
  download(kind.fields["url"], kind.fields["sha256"], work)
  inside = Dir.children(work).then { |c| c.size == 1 && File.directory?(File.join(work, c[0])) ? File.join(work, c[0]) : work }
  formula = kind.new(File.join(prefix, "keg"))
  Dir.chdir(inside) { formula.install }
  puts formula.run_test
end

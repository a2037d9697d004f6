package main

import (
	"archive/tar"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"
	"github.com/goreleaser/nfpm/v2/rpm"
)

// scripts are those that the packagers run.
//
//go:embed scripts
var scripts embed.FS

// release is what makes one package another.
type release struct {
	version, arch string
	date          time.Time
}

// format is a kind of package.
type format struct {
	name     string
	fileName func(release) string
	packager nfpm.Packager // nil: a tar archive
}

func formats() []format {
	return []format{
		{"deb", nil, deb.Default},
		{"rpm", nil, rpm.DefaultRPM},
		{"tar", func(r release) string { return fmt.Sprintf("peakd-%s-linux-%s.tar.gz", r.version, r.arch) }, nil},
	}
}

// write makes one package in the folder out. A half made one is not left behind.
func write(f format, contents []file, out string, r release) (path string, err error) {
	contents = forFormat(contents, f.name)
	var name string
	pack := func(w io.Writer) error { return archive(w, contents, r) }
	if f.packager == nil {
		name = f.fileName(r)
	} else {
		info, clean, err := describe(f, contents, r)
		defer clean()
		if err != nil {
			return "", err
		}
		name = f.packager.ConventionalFileName(info)
		pack = func(w io.Writer) error { return f.packager.Package(info, w) }
	}
	path = filepath.Join(out, name)
	w, err := os.Create(path)
	if err != nil {
		return "", err
	}
	if err = errors.Join(pack(w), w.Close()); err != nil {
		return "", errors.Join(err, os.Remove(path))
	}
	return path, nil
}

func forFormat(all []file, name string) []file {
	var some []file
	for _, f := range all {
		if f.only == "" || f.only == name {
			some = append(some, f)
		}
	}
	return some
}

// describe says what nfpm is to make. clean takes away the scripts that it reads.
func describe(f format, contents []file, r release) (info *nfpm.Info, clean func(), err error) {
	dir, err := os.MkdirTemp("", "scripts")
	if err != nil {
		return nil, func() {}, err
	}
	clean = func() { _ = os.RemoveAll(dir) }
	if err := os.CopyFS(dir, scripts); err != nil {
		return nil, clean, err
	}
	script := func(name string) string { return filepath.Join(dir, "scripts", f.name, name) }
	info = nfpm.WithDefaults(&nfpm.Info{
		Name: "peakd", Arch: r.arch, Platform: "linux", Version: r.version, VersionSchema: "none", Release: "1",
		Section: "admin", Priority: "optional", License: "Apache-2.0", Vendor: "peakd", MTime: r.date,
		Maintainer: "peakd maintainers <maintainers@peakd.invalid>", Homepage: "https://github.com/peakd/peakd",
		Description:     "many small recurring daemons in one process\n" + longDescription,
		DisableGlobbing: true,
		Overridables: nfpm.Overridables{
			Contents: toNFPM(contents, f, r.date),
			Scripts: nfpm.Scripts{
				PostInstall: script("postinstall"), PreRemove: script("preremove"), PostRemove: script("postremove"),
			},
			RPM: nfpm.RPM{Summary: "Many small recurring daemons in one process", BuildHost: "localhost"},
		},
	})
	info.Depends = []string{"systemd"}
	if f.name == "deb" {
		info.Depends = []string{"systemd | systemd-standalone-sysusers | systemd-sysusers"}
	}
	return info, clean, nil
}

const longDescription = `peakd runs the jobs of a batch host: scripts at intervals, directory queues, cleanups. Each is a daemon with a
priority and a desired next run time; the highest-priority ready daemon runs, the others wait until it yields. A daemon
that finds no work waits longer and longer, and comes back to its pace when work returns.`

func toNFPM(contents []file, f format, date time.Time) files.Contents {
	types := map[kind]string{
		plain: files.TypeFile, config: files.TypeConfigNoReplace, doc: files.TypeFile, license: files.TypeFile, folder: files.TypeDir,
	}
	if f.name == "rpm" { // which marks them; others would leave them out
		types[doc], types[license] = files.TypeRPMDoc, files.TypeRPMLicense
	}
	var all files.Contents
	for _, f := range contents {
		all = append(all, &files.Content{
			Source: f.source, Destination: f.path, Type: types[f.kind],
			FileInfo: &files.ContentFileInfo{Owner: "root", Group: "root", Mode: f.mode, MTime: date},
		})
	}
	return all
}

// archive writes a tar archive to unpack where one likes: /usr/bin/peakd is bin/peakd in it.
func archive(w io.Writer, contents []file, r release) error {
	packed, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	all := tar.NewWriter(packed)
	top := fmt.Sprintf("peakd-%s-linux-%s", r.version, r.arch)
	for _, f := range contents {
		if f.kind == folder {
			continue
		}
		text, err := os.ReadFile(f.source)
		if err != nil {
			return err
		}
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: top + strings.TrimPrefix(f.path, "/usr"), Size: int64(len(text)), Mode: int64(f.mode.Perm()),
			ModTime: r.date, Uname: "root", Gname: "root", Format: tar.FormatPAX,
		}
		if err := all.WriteHeader(header); err != nil {
			return err
		}
		if _, err := all.Write(text); err != nil {
			return err
		}
	}
	return errors.Join(all.Close(), packed.Close())
}

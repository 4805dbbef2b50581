package org.edgeprune.torch;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Properties;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.edgeprune.io.InputException;

/**
 * libtorch in the jars of the class path: the artifacts {@code org.bytedeco:pytorch} with
 * {@code org.bytedeco:openblas}, or {@code ai.djl.pytorch:pytorch-native-cpu}. Only their shared libraries are used.
 */
final class LibTorchJars {
    /** An artifact: where its libraries lie, and where and under which name its version. */
    private record Artifact(
            String name, String folder, List<String> companions, String versionFile, String versionKey) {}

    private LibTorchJars() {}

    private static List<Artifact> artifacts(Platform platform) {
        return List.of(
                new Artifact(
                        "org.bytedeco:pytorch",
                        "org/bytedeco/pytorch/" + platform + "/",
                        List.of("org/bytedeco/openblas/" + platform
                                + (platform.isLinux() ? "/libopenblas.so.0" : "/libopenblas.0.dylib")),
                        "META-INF/maven/org.bytedeco/pytorch/pom.properties",
                        "version"),
                new Artifact(
                        "ai.djl.pytorch:pytorch-native-cpu",
                        "pytorch/cpu/" + platform.djlClassifier() + "/",
                        List.of(),
                        "native/lib/pytorch.properties",
                        "version"));
    }

    /** The files of the first artifact on the class path, unpacked into the cache. */
    static LibTorchFiles unpack(NativeCache cache) {
        Platform platform = Platform.current();
        Found found = find(platform);
        return new LibTorchFiles(cache.provide(found.key(), found.sources()), found.origin(), platform);
    }

    /** The names of unpacked files whose content is not what was unpacked. */
    static List<String> damaged(NativeCache cache) {
        Found found = find(Platform.current());
        return cache.damaged(found.key(), found.sources());
    }

    private record Found(String key, String origin, List<NativeCache.Source> sources) {}

    private static Found find(Platform platform) {
        for (Artifact artifact : artifacts(platform)) {
            URL library = resource(artifact.folder() + LibTorchFiles.mainLibrary(platform));
            if (library != null) {
                try {
                    return read(artifact, library, platform);
                } catch (IOException e) {
                    throw new InputException(
                            "cannot read libtorch from " + library + ": " + e.getMessage()
                                    + "; delete that jar and let Maven fetch it again",
                            e);
                }
            }
        }
        throw new InputException("no libtorch for " + platform + " found: put "
                + (platform == Platform.LINUX_AARCH64
                        ? "ai.djl.pytorch:pytorch-native-cpu (classifier " + platform.djlClassifier()
                        : "org.bytedeco:pytorch (classifier " + platform)
                + ") on the class path, or name a libtorch's lib directory with --libtorch or EDGEPRUNE_LIBTORCH");
    }

    private static Found read(Artifact artifact, URL library, Platform platform) throws IOException {
        List<NativeCache.Source> sources = new ArrayList<>();
        List<String> identity = new ArrayList<>();
        Path jar = jarOf(library);
        collect(jar, artifact.folder(), platform, sources, identity);
        for (String companion : artifact.companions()) {
            URL url = resource(companion);
            if (url == null) {
                throw new InputException(artifact.name() + " is on the class path without its companion that holds "
                        + companion + ": add org.bytedeco:openblas (classifier " + platform + ")");
            }
            collect(jarOf(url), companion.substring(0, companion.lastIndexOf('/') + 1), platform, sources, identity);
        }
        String version = version(jar, artifact);
        String content = NativeCache.keyOf(String.join("\n", identity).getBytes(StandardCharsets.UTF_8));
        return new Found(
                "libtorch/" + version + "-" + platform + "-" + content,
                artifact.name() + ":" + version,
                List.copyOf(sources));
    }

    /** Adds a folder's needed libraries; their names, sizes and checksums identify the content without reading it. */
    private static void collect(
            Path jar, String folder, Platform platform, List<NativeCache.Source> sources, List<String> identity)
            throws IOException {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            List<? extends ZipEntry> entries = zip.stream()
                    .filter(e -> e.getName().startsWith(folder)
                            && LibTorchFiles.isNeeded(platform, e.getName().substring(folder.length())))
                    .sorted(Comparator.comparing(ZipEntry::getName))
                    .toList();
            for (ZipEntry entry : entries) {
                String name = entry.getName();
                sources.add(new NativeCache.Source(
                        name.substring(folder.length()), entry.getSize(), () -> open(jar, name)));
                identity.add(name + " " + entry.getSize() + " " + entry.getCrc());
            }
        }
    }

    private static InputStream open(Path jar, String entry) throws IOException {
        ZipFile file = new ZipFile(jar.toFile());
        InputStream content = file.getInputStream(file.getEntry(entry));
        return new FilterInputStream(content) {
            @Override
            public void close() throws IOException {
                try (file) {
                    super.close();
                }
            }
        };
    }

    private static String version(Path jar, Artifact artifact) throws IOException {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            ZipEntry entry = zip.getEntry(artifact.versionFile());
            Properties properties = new Properties();
            if (entry != null) {
                properties.load(zip.getInputStream(entry));
            }
            return properties.getProperty(artifact.versionKey(), "unknown");
        }
    }

    private static URL resource(String name) {
        return LibTorchJars.class.getClassLoader().getResource(name);
    }

    private static Path jarOf(URL entry) throws IOException {
        if (!(entry.openConnection() instanceof JarURLConnection connection)) {
            throw new IOException(
                    "it lies in no jar; name its directory with --libtorch or EDGEPRUNE_LIBTORCH instead");
        }
        try {
            return Path.of(connection.getJarFileURL().toURI());
        } catch (URISyntaxException e) {
            throw new IOException(e);
        }
    }
}

package org.edgeprune.hub;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.edgeprune.io.AtomicDirectory;
import org.edgeprune.io.CacheDirectory;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;

/**
 * The mini GPT-2 that is part of edgeprune, as a HuggingFace model directory. It is a resource: in a checkout a
 * directory on the class path, used in place; in the jar, unpacked once into {@link CacheDirectory#ofUser}.
 */
public final class BundledModel {
    /** The model's name, which can be given wherever the command line takes a model. */
    public static final String NAME = "mini-gpt2";

    private static final String RESOURCES = "/org/edgeprune/models/" + NAME + "/";
    private static final List<String> FILES =
            List.of("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors");

    private BundledModel() {}

    /**
     * The model's directory, with {@code config.json}, {@code tokenizer.json}, {@code tokenizer_config.json} and
     * {@code model.safetensors}.
     *
     * @return a directory that exists
     * @throws InputException if this build contains no model or it cannot be unpacked
     */
    public static Path directory() {
        URL config = resource(FILES.get(0));
        try {
            if (config.getProtocol().equals("file")) {
                return Path.of(config.toURI()).getParent();
            }
            return unpacked();
        } catch (IOException e) {
            throw new InputException(
                    "the bundled model cannot be unpacked into " + CacheDirectory.ofUser() + ": " + Complaint.reason(e)
                            + "; make room there or name another directory in EDGEPRUNE_CACHE",
                    e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static URL resource(String file) {
        URL url = BundledModel.class.getResource(RESOURCES + file);
        if (url == null) {
            throw new InputException(
                    "this build of edgeprune contains no model (" + NAME + "/" + file + "); name one with --model");
        }
        return url;
    }

    private static Path unpacked() throws IOException {
        StringBuilder key = new StringBuilder(NAME);
        for (String file : FILES) {
            JarURLConnection jar = (JarURLConnection) resource(file).openConnection();
            key.append('-').append(Long.toHexString(jar.getJarEntry().getCrc()));
        }
        Path directory = CacheDirectory.ofUser().resolve(key.toString());
        AtomicDirectory.provide(directory, part -> {
            for (String file : FILES) {
                try (InputStream in = resource(file).openStream()) {
                    Files.copy(in, part.resolve(file));
                }
            }
        });
        return directory;
    }
}

package org.edgeprune.hub;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;
import org.edgeprune.io.TextReader;

/**
 * The Hub's address and how to use it.
 *
 * @param endpoint the Hub's address, without a slash at its end
 * @param cache the cache's directory; it need not exist yet
 * @param token the user's access token
 * @param offline whether only the cache may be used
 * @param proxy which proxy to use for which address
 * @param patience how requests are repeated
 */
public record HubSettings(
        URI endpoint,
        Path cache,
        Optional<String> token,
        boolean offline,
        EnvironmentProxies proxy,
        Patience patience) {
    private static final int MAX_TOKEN_BYTES = 1 << 12;
    private static final Pattern TOKEN = Pattern.compile("[\\x21-\\x7e]{1," + MAX_TOKEN_BYTES + "}");
    private static final Set<String> YES = Set.of("1", "ON", "YES", "TRUE");

    /**
     * How requests are repeated.
     *
     * @param attempts after how many attempts in a row without progress a request fails
     * @param backOff the wait after the first failure; it doubles with each further one
     * @param stall how long the server may be silent
     */
    public record Patience(int attempts, Duration backOff, Duration stall) {
        /** Five attempts, over 15 seconds. */
        public static final Patience DEFAULT = new Patience(5, Duration.ofSeconds(1), Duration.ofSeconds(30));
    }

    /**
     * The settings according to this process's environment.
     *
     * @return as {@link #of} reads it
     * @throws InputException as {@link #of}
     */
    public static HubSettings fromEnvironment() {
        return of(System.getenv());
    }

    /**
     * The settings according to the variables of huggingface_hub: {@code HF_ENDPOINT}, {@code HF_HUB_CACHE},
     * {@code HF_HOME}, {@code HF_TOKEN}, {@code HF_TOKEN_PATH}, {@code HF_HUB_OFFLINE}, and {@code http_proxy},
     * {@code https_proxy}, {@code all_proxy}, {@code no_proxy}.
     *
     * @param environment variables by name
     * @return the settings, with {@link Patience#DEFAULT}
     * @throws InputException if an address or a token is malformed; the message does not show the token
     */
    public static HubSettings of(Map<String, String> environment) {
        Path user = home(environment);
        Path caches = variable(environment, "XDG_CACHE_HOME").map(Path::of).orElse(user.resolve(".cache"));
        Path home = variable(environment, "HF_HOME").map(p -> expand(p, user)).orElse(caches.resolve("huggingface"));
        return new HubSettings(
                endpoint(variable(environment, "HF_ENDPOINT").orElse("https://huggingface.co")),
                variable(environment, "HF_HUB_CACHE")
                        .map(p -> expand(p, user))
                        .orElse(home.resolve("hub"))
                        .toAbsolutePath(),
                variable(environment, "HF_TOKEN")
                        .map(token -> checked("HF_TOKEN", token))
                        .or(() -> storedToken(variable(environment, "HF_TOKEN_PATH")
                                .map(p -> expand(p, user))
                                .orElse(home.resolve("token")))),
                variable(environment, "HF_HUB_OFFLINE")
                        .map(v -> YES.contains(v.toUpperCase(Locale.ROOT)))
                        .orElse(false),
                EnvironmentProxies.of(environment),
                Patience.DEFAULT);
    }

    /** The user's home directory. */
    static Path home(Map<String, String> environment) {
        return Path.of(variable(environment, "HOME").orElse(System.getProperty("user.home")));
    }

    /**
     * These settings with another patience.
     *
     * @param other how requests are repeated
     * @return the changed settings
     */
    public HubSettings withPatience(Patience other) {
        return new HubSettings(endpoint, cache, token, offline, proxy, other);
    }

    private static Optional<String> variable(Map<String, String> environment, String name) {
        return Optional.ofNullable(environment.get(name)).map(String::strip).filter(v -> !v.isEmpty());
    }

    private static Path expand(String path, Path user) {
        return path.equals("~") || path.startsWith("~/")
                ? user.resolve(path.substring(Math.min(2, path.length())))
                : Path.of(path);
    }

    private static URI endpoint(String text) {
        if (text.contains("@")) {
            throw new InputException(
                    "HF_ENDPOINT holds a user or password: write the address without them, and put an access token into HF_TOKEN");
        }
        return Addresses.web(text.replaceAll("/+$", ""))
                .filter(uri -> uri.getQuery() == null && uri.getFragment() == null)
                .orElseThrow(() -> new InputException("HF_ENDPOINT is " + Complaint.quote(text)
                        + ", which is not an http or https address (https://host/path); unset it for"
                        + " https://huggingface.co"));
    }

    private static String checked(String where, String token) {
        if (!TOKEN.matcher(token).matches()) {
            throw new InputException(
                    where
                            + " does not hold an access token, a single word of letters, digits and punctuation such as hf_...: copy it again");
        }
        return token;
    }

    /** Without the token. */
    @Override
    public String toString() {
        return "HubSettings[" + Addresses.shown(endpoint) + ", " + cache + (token.isEmpty() ? "" : ", with a token")
                + (offline ? ", offline" : "") + "]";
    }

    /** The token that {@code huggingface-cli login} stores. */
    private static Optional<String> storedToken(Path file) {
        return Files.isRegularFile(file)
                ? Optional.of(TextReader.upTo(MAX_TOKEN_BYTES).read(file, "set HF_TOKEN"))
                        .map(String::strip)
                        .filter(t -> !t.isEmpty())
                        .map(token -> checked(file.toString(), token))
                : Optional.empty();
    }
}

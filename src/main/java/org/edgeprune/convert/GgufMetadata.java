package org.edgeprune.convert;

import static org.edgeprune.io.Complaint.quote;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.edgeprune.io.Complaint;

/** The key-value pairs of a GGUF file, read by key and type. */
final class GgufMetadata {
    private static final int MAX_COUNT = 1 << 24;

    private final Complaint complaint;
    private final Map<String, Object> values = new HashMap<>();

    GgufMetadata(Complaint complaint) {
        this.complaint = complaint;
    }

    /**
     * Adds a pair.
     *
     * @param value a Long, Double, Boolean, String, {@code List<String>} or {@code double[]}
     */
    void put(String key, Object value) {
        if (values.put(key, value) != null) {
            throw complaint.damaged("key " + quote(key) + " occurs twice");
        }
    }

    Complaint complaint() {
        return complaint;
    }

    boolean has(String key) {
        return values.containsKey(key);
    }

    String text(String key, String otherwise) {
        return typed(key, String.class, otherwise, "a text");
    }

    boolean flag(String key, boolean otherwise) {
        return typed(key, Boolean.class, otherwise, "true or false");
    }

    /** A required positive integer. */
    int count(String key) {
        return optionalCount(key).orElseThrow(() -> complaint.damaged("key " + quote(key) + " is missing"));
    }

    OptionalInt optionalCount(String key) {
        Object value = values.get(key);
        if (value == null) {
            return OptionalInt.empty();
        }
        long count =
                switch (value) {
                    case Long whole -> whole;
                    case double[] perLayer when perLayer.length > 0 && isUniform(perLayer) -> (long) perLayer[0];
                    case double[] _ ->
                        throw complaint.about(
                                "key " + quote(key) + " differs between the layers",
                                "models with layers of different sizes are not supported");
                    default -> throw wrong(key, "a positive integer");
                };
        if (count < 1 || count > MAX_COUNT) {
            throw complaint.damaged(
                    "key " + quote(key) + " is " + count + " instead of a positive integer up to " + MAX_COUNT);
        }
        return OptionalInt.of((int) count);
    }

    /** A token's id; empty if the key is missing or says that there is no such token. */
    OptionalInt token(String key, int vocabulary) {
        Long id = typed(key, Long.class, null, "a token's id");
        if (id == null || id == 0xFFFFFFFFL) {
            return OptionalInt.empty();
        }
        if (id < 0 || id >= vocabulary) {
            throw complaint.damaged("key " + quote(key) + " is " + id + ", and there are " + vocabulary + " tokens");
        }
        return OptionalInt.of(id.intValue());
    }

    OptionalDouble number(String key) {
        Object value = values.get(key);
        if (value == null) {
            return OptionalDouble.empty();
        }
        if (!(value instanceof Number number) || !Double.isFinite(number.doubleValue())) {
            throw wrong(key, "a number");
        }
        // the shortest decimal form of a float is the number that was meant: 1e-5, not 9.999999747378752e-06
        return OptionalDouble.of(
                number instanceof Double wide && wide == (float) (double) wide
                        ? Double.parseDouble(Float.toString((float) (double) wide))
                        : number.doubleValue());
    }

    @SuppressWarnings("unchecked")
    List<String> texts(String key) {
        return typed(key, List.class, List.of(), "a list of texts");
    }

    double[] numbers(String key) {
        return typed(key, double[].class, new double[0], "a list of numbers");
    }

    private <T> T typed(String key, Class<T> type, T otherwise, String wanted) {
        Object value = values.get(key);
        if (value == null) {
            return otherwise;
        }
        if (!type.isInstance(value)) {
            throw wrong(key, wanted);
        }
        return type.cast(value);
    }

    private static boolean isUniform(double[] numbers) {
        for (double number : numbers) {
            if (number != numbers[0]) {
                return false;
            }
        }
        return true;
    }

    private RuntimeException wrong(String key, String wanted) {
        return complaint.damaged("key " + quote(key) + " is not " + wanted);
    }
}

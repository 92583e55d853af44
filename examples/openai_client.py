"""Ask allchat through the openai package: the answer as it comes, then where every quote stands.

pip install openai; python examples/openai_client.py "What is bone marrow?" http://127.0.0.1:7860
"""

import sys

from openai import OpenAI


def main(question: str, address: str = "http://127.0.0.1:7860") -> None:
    """Print the answer paragraph by paragraph, and its citations."""
    client = OpenAI(base_url=f"{address}/v1", api_key="none is needed")
    stream = client.chat.completions.create(
        model="allchat", messages=[{"role": "user", "content": question}], stream=True
    )
    for chunk in stream:
        print(chunk.choices[0].delta.content or "", end="")
        record = chunk.model_extra and chunk.model_extra.get("allchat")
        if record:  # the last one brings the whole answer record
            print(f"\n\nkind: {record['kind']}")
            for cite in record["citations"]:
                print(f"[{cite['number']}] {cite['file']}, characters {cite['start']} to {cite['end']}")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Prefill and decode speed of Hugging Face `generate`, greedy, on a model's folder.

    pip install torch==2.9.0 transformers==5.23.0 accelerate safetensors
    python hf_generate.py FOLDER

Prints a JSON object a line: tokens a second. What 32 steps take is what 33 new tokens take beyond one; the best of two.
"""
import json
import sys
import time

import torch
from transformers import AutoModelForCausalLM

torch.set_num_threads(2)
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32).eval()


def seconds(batch, prompt, new):
    row = torch.arange(prompt) * 37
    ids = 100 + (row[None, :] + 1009 * torch.arange(batch)[:, None]) % 40000
    start = time.time()
    out = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=new, min_new_tokens=new,
                         do_sample=False, pad_token_id=0)
    took = time.time() - start
    assert out.shape == (batch, prompt + new)
    return took


with torch.inference_mode():
    seconds(1, 512, 1)
    print(json.dumps({"row": "prefill 512", "hf": 512 / min(seconds(1, 512, 1) for _ in range(2))}))
    for b in (1, 8, 32):
        first = min(seconds(b, 128, 1) for _ in range(2))
        print(json.dumps({"row": f"decode {b}", "hf": 32 * b / (min(seconds(b, 128, 33) for _ in range(2)) - first)}))
